"""Arguments, parameters, secrets and retries of projects, and the order of the queue."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0006_facts'),
    ]

    operations = [
        migrations.CreateModel(
            name='Secret',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64)),
                ('sealed', models.TextField()),
                ('updated_at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='run',
            name='attempt',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='run',
            name='parameters',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='run',
            name='retry_of',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='retry', to='store.run'),
        ),
        migrations.AddField(
            model_name='run',
            name='secrets',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='runtime',
            name='arguments',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='runtime',
            name='parameters',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='runtime',
            name='retries',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='runtime',
            name='secrets',
            field=models.JSONField(default=list),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['person', 'started_at'], name='run_turns'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['runtime', '-created_at'], name='run_by_runtime'),
        ),
        migrations.AddField(
            model_name='secret',
            name='owner',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='secrets', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='secret',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='secrets', to='store.workspace'),
        ),
        migrations.AddConstraint(
            model_name='secret',
            constraint=models.UniqueConstraint(fields=('workspace', 'owner', 'name'), name='one_secret_name'),
        ),
    ]
