"""The number of required approvals, reviewer groups, and automatic approval."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0014_studio'),
    ]

    operations = [
        migrations.AddField(
            model_name='decision',
            name='groups',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='membership',
            name='groups',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='submission',
            name='automatic',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='workspace',
            name='approval_groups',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='workspace',
            name='approvals',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='workspace',
            name='auto_approve',
            field=models.BooleanField(default=False),
        ),
    ]
