"""Sums of usage: people per day, days of a workspace, and the use of versions in a period."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0023_life_after_approval'),
    ]

    operations = [
        migrations.CreateModel(
            name='DailyPeople',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('people', models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='VersionUsage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('days', models.PositiveSmallIntegerField()),
                ('people', models.PositiveIntegerField(default=0)),
                ('launches', models.PositiveIntegerField(default=0)),
                ('runs', models.PositiveIntegerField(default=0)),
                ('seconds', models.FloatField(default=0)),
                ('cost', models.FloatField(default=0)),
                ('last_day', models.DateField(blank=True, null=True)),
                ('size', models.BigIntegerField(default=0)),
                ('own_size', models.BigIntegerField(default=0)),
                ('computed_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='WorkspaceDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('people', models.PositiveIntegerField(default=0)),
                ('launches', models.PositiveIntegerField(default=0)),
                ('runs', models.PositiveIntegerField(default=0)),
                ('seconds', models.FloatField(default=0)),
                ('stale', models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name='WorkspaceUsage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('days', models.PositiveSmallIntegerField()),
                ('people', models.PositiveIntegerField(default=0)),
                ('size', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name='usagesummary',
            name='basis',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddIndex(
            model_name='usagesummary',
            index=models.Index(fields=['days', 'basis'], name='usage_by_basis'),
        ),
        migrations.AddField(
            model_name='dailypeople',
            name='environment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='daily_people', to='store.environment'),
        ),
        migrations.AddField(
            model_name='dailypeople',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='store.workspace'),
        ),
        migrations.AddField(
            model_name='versionusage',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='usage', to='store.version'),
        ),
        migrations.AddField(
            model_name='versionusage',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='store.workspace'),
        ),
        migrations.AddField(
            model_name='workspaceday',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='usage_days', to='store.workspace'),
        ),
        migrations.AddField(
            model_name='workspaceusage',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='store.workspace'),
        ),
        migrations.AddIndex(
            model_name='dailypeople',
            index=models.Index(fields=['workspace', 'day'], name='daily_people_by_day'),
        ),
        migrations.AddConstraint(
            model_name='dailypeople',
            constraint=models.UniqueConstraint(fields=('environment', 'day'), name='one_daily_people'),
        ),
        migrations.AddIndex(
            model_name='versionusage',
            index=models.Index(fields=['workspace', 'days', 'people'], name='version_usage_people'),
        ),
        migrations.AddIndex(
            model_name='versionusage',
            index=models.Index(fields=['workspace', 'days', 'launches'], name='version_usage_launches'),
        ),
        migrations.AddIndex(
            model_name='versionusage',
            index=models.Index(fields=['workspace', 'days', 'seconds'], name='version_usage_seconds'),
        ),
        migrations.AddIndex(
            model_name='versionusage',
            index=models.Index(fields=['workspace', 'days', 'cost'], name='version_usage_cost'),
        ),
        migrations.AddIndex(
            model_name='versionusage',
            index=models.Index(fields=['workspace', 'days', 'own_size'], name='version_usage_own_size'),
        ),
        migrations.AddIndex(
            model_name='versionusage',
            index=models.Index(fields=['workspace', 'days', 'last_day'], name='version_usage_last_day'),
        ),
        migrations.AddConstraint(
            model_name='versionusage',
            constraint=models.UniqueConstraint(fields=('version', 'days'), name='one_version_usage'),
        ),
        migrations.AddIndex(
            model_name='workspaceday',
            index=models.Index(condition=models.Q(('stale', True)), fields=['day'], name='workspace_day_to_compute'),
        ),
        migrations.AddConstraint(
            model_name='workspaceday',
            constraint=models.UniqueConstraint(fields=('workspace', 'day'), name='one_workspace_day'),
        ),
        migrations.AddConstraint(
            model_name='workspaceusage',
            constraint=models.UniqueConstraint(fields=('workspace', 'days'), name='one_workspace_usage'),
        ),
    ]
