"""Life after approval: sums of usage, recorded imports, the periodic review, roll-outs and waves.

`Environment.newest` becomes `active`: the version that the environment's name stands for.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import functions


def copy_sizes(apps, schema_editor):
    """Copy the size of each server to its launch, so that past hours have a price too."""
    del schema_editor
    launch, server = apps.get_model("store", "Launch"), apps.get_model("store", "Server")
    size = server.objects.filter(pk=models.OuterRef("target_id")).values("size")[:1]
    studio = launch.objects.filter(kind="studio")
    studio.update(size=functions.Coalesce(models.Subquery(size), models.Value("")))


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0022_observations'),
    ]

    operations = [
        migrations.CreateModel(
            name='DailyUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('kind', models.CharField(max_length=16)),
                ('size', models.CharField(blank=True, default='', max_length=32)),
                ('launches', models.PositiveIntegerField(default=0)),
                ('seconds', models.FloatField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='ImportSession',
            fields=[
                ('key', models.CharField(max_length=32, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('libraries', models.JSONField(default=list)),
                ('seen_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='KeptVersion',
            fields=[
                ('version', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='kept', serialize=False, to='store.version')),
                ('until', models.DateField()),
                ('reason', models.TextField()),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='LibraryUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('library', models.CharField(blank=True, default='', max_length=200)),
                ('sessions', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Merge',
            fields=[
                ('version', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='merge', serialize=False, to='store.version')),
                ('by', models.CharField(max_length=16)),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='PersonUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('last_day', models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name='Renewal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64)),
                ('reason', models.TextField()),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='ReviewItem',
            fields=[
                ('version', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='review_item', serialize=False, to='store.version')),
                ('reasons', models.JSONField()),
                ('since', models.DateField()),
                ('people', models.PositiveIntegerField(default=0)),
                ('projects', models.PositiveIntegerField(default=0)),
                ('derived', models.PositiveIntegerField(default=0)),
                ('frees', models.BigIntegerField(default=0)),
                ('proposal', models.JSONField()),
                ('computed_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Rollout',
            fields=[
                ('version', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='rollout', serialize=False, to='store.version')),
                ('people', models.JSONField(default=list)),
                ('groups', models.JSONField(default=list)),
                ('starts_needed', models.PositiveIntegerField(default=0)),
                ('days_needed', models.PositiveIntegerField(default=0)),
                ('state', models.CharField(choices=[('pilot', 'pilot'), ('completed', 'completed'), ('halted', 'halted'), ('stopped', 'stopped')], max_length=16)),
                ('starts', models.PositiveIntegerField(default=0)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('starts_before', models.PositiveIntegerField(default=0)),
                ('failures_before', models.PositiveIntegerField(default=0)),
                ('message', models.TextField(blank=True, default='')),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='UsageSummary',
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
            name='Wave',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('automatic', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('running', 'running'), ('done', 'done'), ('stopped', 'stopped')], max_length=16)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='WaveTarget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('queued', 'queued'), ('building', 'building'), ('built', 'built'), ('submitted', 'submitted'), ('published', 'published'), ('failed', 'failed'), ('stopped', 'stopped')], max_length=16)),
                ('message', models.TextField(blank=True, default='')),
                ('changes', models.JSONField(default=dict)),
                ('updated_at', models.DateTimeField()),
            ],
        ),
        migrations.RenameField(
            model_name='environment',
            old_name='newest',
            new_name='active',
        ),
        migrations.AlterField(
            model_name='environment',
            name='active',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='active_of', to='store.version'),
        ),
        migrations.AddField(
            model_name='launch',
            name='counted',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='launch',
            name='counted_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='launch',
            name='size',
            field=models.CharField(blank=True, default='', max_length=32),
        ),
        migrations.AddField(
            model_name='submission',
            name='rollout',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='version',
            name='end_reminded',
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='version',
            name='renewed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='workspace',
            name='approval_validity',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='workspace',
            name='rebase_automatically',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='workspace',
            name='record_imports',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='workspace',
            name='review_rules',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='workspace',
            name='rollout',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AlterField(
            model_name='version',
            name='ends_at',
            field=models.DateTimeField(blank=True, db_index=True, null=True),
        ),
        migrations.AddIndex(
            model_name='launch',
            index=models.Index(condition=models.Q(('counted', False)), fields=['id'], name='launch_to_count'),
        ),
        migrations.AddField(
            model_name='dailyuse',
            name='environment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='daily_use', to='store.environment'),
        ),
        migrations.AddField(
            model_name='dailyuse',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='daily_use', to='store.version'),
        ),
        migrations.AddField(
            model_name='dailyuse',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='store.workspace'),
        ),
        migrations.AddField(
            model_name='importsession',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='import_sessions', to='store.version'),
        ),
        migrations.AddField(
            model_name='keptversion',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='libraryuse',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='library_use', to='store.version'),
        ),
        migrations.AddField(
            model_name='merge',
            name='sources',
            field=models.ManyToManyField(related_name='merged_into', to='store.version'),
        ),
        migrations.AddField(
            model_name='personuse',
            name='environment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='person_use', to='store.environment'),
        ),
        migrations.AddField(
            model_name='personuse',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='personuse',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='person_use', to='store.version'),
        ),
        migrations.AddField(
            model_name='renewal',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='renewal',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='renewals', to='store.version'),
        ),
        migrations.AddField(
            model_name='reviewitem',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='review_items', to='store.workspace'),
        ),
        migrations.AddField(
            model_name='rollout',
            name='before',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='store.version'),
        ),
        migrations.AddField(
            model_name='environment',
            name='rollout',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='store.rollout'),
        ),
        migrations.AddField(
            model_name='usagesummary',
            name='environment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='usage_summaries', to='store.environment'),
        ),
        migrations.AddField(
            model_name='usagesummary',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='store.workspace'),
        ),
        migrations.AddField(
            model_name='wave',
            name='base',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='waves', to='store.version'),
        ),
        migrations.AddField(
            model_name='wave',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='wave',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='waves', to='store.workspace'),
        ),
        migrations.AddField(
            model_name='wavetarget',
            name='draft',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='store.version'),
        ),
        migrations.AddField(
            model_name='wavetarget',
            name='source',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='store.version'),
        ),
        migrations.AddField(
            model_name='wavetarget',
            name='wave',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='targets', to='store.wave'),
        ),
        migrations.AddIndex(
            model_name='dailyuse',
            index=models.Index(fields=['workspace', 'day'], name='daily_use_by_day'),
        ),
        migrations.AddIndex(
            model_name='dailyuse',
            index=models.Index(fields=['environment', 'day'], name='daily_use_by_environment'),
        ),
        migrations.AddConstraint(
            model_name='dailyuse',
            constraint=models.UniqueConstraint(fields=('version', 'day', 'kind', 'size'), name='one_daily_use'),
        ),
        migrations.AddIndex(
            model_name='importsession',
            index=models.Index(fields=['seen_at'], name='import_session_age'),
        ),
        migrations.AddConstraint(
            model_name='libraryuse',
            constraint=models.UniqueConstraint(fields=('version', 'library', 'day'), name='one_library_use'),
        ),
        migrations.AddIndex(
            model_name='personuse',
            index=models.Index(fields=['environment', 'last_day', 'person'], name='person_use_by_environment'),
        ),
        migrations.AddConstraint(
            model_name='personuse',
            constraint=models.UniqueConstraint(fields=('version', 'person'), name='one_person_use'),
        ),
        migrations.AddIndex(
            model_name='reviewitem',
            index=models.Index(fields=['workspace', 'since'], name='review_item_by_age'),
        ),
        migrations.AddIndex(
            model_name='usagesummary',
            index=models.Index(fields=['workspace', 'days', 'people'], name='usage_by_people'),
        ),
        migrations.AddIndex(
            model_name='usagesummary',
            index=models.Index(fields=['workspace', 'days', 'launches'], name='usage_by_launches'),
        ),
        migrations.AddIndex(
            model_name='usagesummary',
            index=models.Index(fields=['workspace', 'days', 'seconds'], name='usage_by_seconds'),
        ),
        migrations.AddIndex(
            model_name='usagesummary',
            index=models.Index(fields=['workspace', 'days', 'cost'], name='usage_by_cost'),
        ),
        migrations.AddIndex(
            model_name='usagesummary',
            index=models.Index(fields=['workspace', 'days', 'own_size'], name='usage_by_own_size'),
        ),
        migrations.AddIndex(
            model_name='usagesummary',
            index=models.Index(fields=['workspace', 'days', 'last_day'], name='usage_by_last_day'),
        ),
        migrations.AddConstraint(
            model_name='usagesummary',
            constraint=models.UniqueConstraint(fields=('environment', 'days'), name='one_usage_summary'),
        ),
        migrations.AddConstraint(
            model_name='wavetarget',
            constraint=models.UniqueConstraint(fields=('wave', 'source'), name='one_wave_target'),
        ),
        migrations.RunPython(copy_sizes, migrations.RunPython.noop),
    ]
