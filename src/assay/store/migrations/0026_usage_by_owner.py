"""The use by owner and team group, imported libraries of versions, and when totals were computed."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0025_waves'),
    ]

    operations = [
        migrations.AddField(
            model_name='versionusage',
            name='imported',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='workspaceusage',
            name='computed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name='GroupUsage',
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
                ('by', models.CharField(max_length=8)),
                ('name', models.CharField(blank=True, default='', max_length=150)),
                ('environments', models.PositiveIntegerField(default=0)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='store.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('workspace', 'days', 'by', 'name'), name='one_group_usage')],
            },
        ),
    ]
