"""What builds observed, beside the files of each lock; and which libraries a workspace has published.

The facts of locks are a cache of lock and report: they are removed here and written anew when they are needed.
"""

import django.db.models.deletion
from django.db import migrations, models

PUBLISHED = ("published", "deprecated", "retired")
AT_ONCE = 1000


def clear_facts(apps, schema_editor):
    """Remove the cached facts of locks and files, and the verdicts on what is not published yet.

    Verdicts on published versions stay: what differs from them is a new finding.
    """
    del schema_editor
    apps.get_model("store", "LockFacts").objects.all().delete()
    apps.get_model("store", "LockedFile").objects.all().delete()
    apps.get_model("store", "Assessment").objects.filter(version__status__in=("draft", "pending")).delete()
    apps.get_model("store", "WorkspaceAssessment").objects.all().delete()


def add_approved(apps, schema_editor):
    """Write which libraries each workspace has published, with the first version of each."""
    del schema_editor
    version_model, approved = apps.get_model("store", "Version"), apps.get_model("store", "ApprovedLibrary")
    locked = apps.get_model("store", "LockedLibrary")
    versions = version_model.objects.filter(status__in=PUBLISHED, lock__isnull=False)
    seen = set()
    columns = ("pk", "lock_id", "environment__workspace_id")
    for pk, lock, workspace in versions.order_by("published_at", "pk").values_list(*columns):
        names = locked.objects.filter(lock_id=lock).values_list("name", flat=True)
        new = [name for name in names if (workspace, name) not in seen]
        seen.update((workspace, name) for name in new)
        rows = [approved(workspace_id=workspace, name=name, version_id=pk) for name in new]
        approved.objects.bulk_create(rows, batch_size=AT_ONCE)


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0021_standard_names'),
    ]

    operations = [
        migrations.RunPython(clear_facts, migrations.RunPython.noop),
        migrations.AddField(
            model_name='lockedfile',
            name='size',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='lockfacts',
            name='observations',
            field=models.JSONField(default=dict),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name='ApprovedLibrary',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='store.version')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='store.workspace')),
            ],
            options={
                'indexes': [models.Index(fields=['name'], name='approved_library_name')],
                'constraints': [
                    models.UniqueConstraint(fields=('workspace', 'name'), name='one_approved_library')
                ],
            },
        ),
        migrations.RunPython(add_approved, migrations.RunPython.noop),
    ]
