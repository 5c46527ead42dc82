"""Rename tables and columns to standard terms."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0020_build_request'),
    ]

    operations = [
        migrations.RenameModel("HealthEntry", "HealthIssue"),
        migrations.RenameField("HealthIssue", "why_closed", "close_reason"),
        migrations.RenameModel("Notice", "Notification"),
        migrations.RenameField("Notification", "words", "text"),
        migrations.RenameModel("PackageSource", "PackageIndex"),
        migrations.RenameModel("Chore", "PeriodicTask"),
        migrations.RenameField("PeriodicTask", "done_at", "last_run_at"),
        migrations.RenameModel("ViewedMark", "ViewedLibrary"),
        migrations.RenameField("ViewedLibrary", "mark", "fingerprint"),
        migrations.RenameModel("Watch", "WorkspaceAssessment"),
        migrations.RemoveConstraint(
            model_name='healthissue',
            name='one_open_health_entry',
        ),
        migrations.RemoveConstraint(
            model_name='notification',
            name='told_once',
        ),
        migrations.RemoveConstraint(
            model_name='packageindex',
            name='one_source_name',
        ),
        migrations.RemoveConstraint(
            model_name='packageindex',
            name='one_default_source',
        ),
        migrations.RemoveConstraint(
            model_name='viewedlibrary',
            name='one_mark_per_library',
        ),
        migrations.RenameField(
            model_name='decision',
            old_name='words',
            new_name='comment',
        ),
        migrations.RenameField(
            model_name='environment',
            old_name='made',
            new_name='last_number',
        ),
        migrations.RenameField(
            model_name='launch',
            old_name='thing',
            new_name='target_id',
        ),
        migrations.RenameField(
            model_name='person',
            old_name='mail_notices',
            new_name='email_notifications',
        ),
        migrations.RenameField(
            model_name='projectfacts',
            old_name='asked_at',
            new_name='fetched_at',
        ),
        migrations.RenameField(
            model_name='runtime',
            old_name='wanted',
            new_name='enabled',
        ),
        migrations.RenameField(
            model_name='runtime',
            old_name='falls',
            new_name='failures',
        ),
        migrations.RenameField(
            model_name='runtime',
            old_name='notice',
            new_name='message',
        ),
        migrations.RenameField(
            model_name='runtime',
            old_name='again_at',
            new_name='restart_at',
        ),
        migrations.RenameField(
            model_name='runtime',
            old_name='serving',
            new_name='serving_run',
        ),
        migrations.RenameField(
            model_name='secret',
            old_name='sealed',
            new_name='encrypted_value',
        ),
        migrations.RenameField(
            model_name='server',
            old_name='following',
            new_name='next_version',
        ),
        migrations.RenameField(
            model_name='waiver',
            old_name='told_at',
            new_name='expiry_notified_at',
        ),
        migrations.RenameField(
            model_name='workspace',
            old_name='told_up_to',
            new_name='notified_up_to',
        ),
        migrations.RenameIndex(
            model_name='notification',
            new_name='notification_unread',
            old_name='notice_unread',
        ),
        migrations.RenameIndex(
            model_name='notification',
            new_name='notification_due',
            old_name='notice_due',
        ),
        migrations.RenameIndex(
            model_name='run',
            new_name='run_by_person',
            old_name='run_turns',
        ),
        migrations.AlterField(
            model_name='healthissue',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='health_issues', to='store.version'),
        ),
        migrations.AlterField(
            model_name='lockedlibrary',
            name='lock',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='locked_libraries', to='store.lock'),
        ),
        migrations.AlterField(
            model_name='notification',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='notification',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to='store.workspace'),
        ),
        migrations.AlterField(
            model_name='packageindex',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='package_indexes', to='store.workspace'),
        ),
        migrations.AlterField(
            model_name='version',
            name='base',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='derived_versions', to='store.version'),
        ),
        migrations.AlterField(
            model_name='viewedlibrary',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='viewed_libraries', to='store.version'),
        ),
        migrations.AlterField(
            model_name='workspaceassessment',
            name='workspace',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='last_assessment', serialize=False, to='store.workspace'),
        ),
        migrations.AddConstraint(
            model_name='healthissue',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('version',), name='one_open_health_issue'),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.UniqueConstraint(fields=('workspace', 'person', 'sequence'), name='notified_once'),
        ),
        migrations.AddConstraint(
            model_name='packageindex',
            constraint=models.UniqueConstraint(fields=('workspace', 'name'), name='one_index_name'),
        ),
        migrations.AddConstraint(
            model_name='packageindex',
            constraint=models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('workspace',), name='one_default_index'),
        ),
        migrations.AddConstraint(
            model_name='viewedlibrary',
            constraint=models.UniqueConstraint(fields=('version', 'person', 'library'), name='one_view_per_library'),
        ),
    ]
