"""Waves: why one was stopped, what it skips and deletes; the level of each target."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0024_usage_sums'),
    ]

    operations = [
        migrations.AddField(
            model_name='wave',
            name='delete_drafts',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='wave',
            name='message',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='wave',
            name='skipped',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='wavetarget',
            name='level',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AlterField(
            model_name='wavetarget',
            name='draft',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='wave_targets', to='store.version'),
        ),
        migrations.AddIndex(
            model_name='wavetarget',
            index=models.Index(fields=['state', 'wave'], name='wave_target_state'),
        ),
    ]
