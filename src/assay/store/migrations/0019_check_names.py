"""Rename the checks in stored reports to their current names."""

from django.db import migrations

from assay.core.report import current


def rename_checks(apps, schema_editor):
    """Write each stored report in the current schema; the digests of locks do not change."""
    lock_model = apps.get_model("store", "Lock")
    for lock in lock_model.objects.only("pk", "report").iterator(chunk_size=50):
        if lock.report:
            lock_model.objects.filter(pk=lock.pk).update(report=current(lock.report))


class Migration(migrations.Migration):
    dependencies = [("store", "0018_applications_of_one_workspace")]
    operations = [migrations.RunPython(rename_checks, migrations.RunPython.noop)]
