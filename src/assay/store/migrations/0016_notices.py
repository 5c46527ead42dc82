"""Notifications, webhooks, and their position in the audit log; existing events cause no notifications."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def from_here_on(apps, schema_editor):
    workspaces = apps.get_model('store', 'Workspace')
    workspaces.objects.update(told_up_to=models.F('event_count'))


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0015_approval'),
    ]

    operations = [
        migrations.AddField(
            model_name='person',
            name='mail_notices',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='waiver',
            name='told_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='workspace',
            name='told_up_to',
            field=models.BigIntegerField(default=0),
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=500)),
                ('events', models.JSONField(default=list)),
                ('secret', models.TextField()),
                ('allow_private', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='webhooks', to='store.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.BigIntegerField()),
                ('event', models.CharField(max_length=40)),
                ('environment', models.CharField(max_length=32)),
                ('number', models.PositiveIntegerField()),
                ('words', models.TextField()),
                ('at', models.DateTimeField()),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('mail', models.CharField(blank=True, default='', max_length=8)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='store.workspace')),
            ],
            options={
                'indexes': [models.Index(fields=['person', 'read_at'], name='notice_unread'), models.Index(condition=models.Q(('mail', 'due')), fields=['mail'], name='notice_due')],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'person', 'sequence'), name='told_once')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.BigIntegerField()),
                ('event', models.CharField(max_length=40)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('delivered_at', models.DateTimeField(blank=True, null=True)),
                ('error', models.TextField(blank=True, default='')),
                ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='store.webhook')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('webhook', 'sequence'), name='delivered_once')],
            },
        ),
        migrations.RunPython(from_here_on, migrations.RunPython.noop),
    ]
