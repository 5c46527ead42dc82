"""The project of a launch, and the index for counting launches."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0012_trials'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='launch',
            name='launch_people',
        ),
        migrations.AddField(
            model_name='launch',
            name='runtime',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='launches', to='store.runtime'),
        ),
        migrations.AddIndex(
            model_name='launch',
            index=models.Index(fields=['environment', 'started_at', 'person', 'runtime'], name='launch_use'),
        ),
    ]
