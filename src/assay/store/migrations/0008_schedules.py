"""Schedules of projects; each scheduled time runs once."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0007_runtimes'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='scheduled_for',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='runtime',
            name='next_at',
            field=models.DateTimeField(blank=True, db_index=True, null=True),
        ),
        migrations.AddField(
            model_name='runtime',
            name='notice',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='runtime',
            name='schedule',
            field=models.CharField(blank=True, default='', max_length=100),
        ),
        migrations.AddField(
            model_name='runtime',
            name='timezone',
            field=models.CharField(default='UTC', max_length=64),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.UniqueConstraint(fields=('runtime', 'scheduled_for'), name='one_run_per_time'),
        ),
    ]
