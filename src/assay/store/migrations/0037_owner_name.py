"""The name of its owner in each environment, by which the catalogue sorts, and an index."""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    """Write the names of all owners."""
    people = apps.get_model("store", "Person").objects.filter(pk=OuterRef("owner_id"))
    apps.get_model("store", "Environment").objects.update(owner_name=Subquery(people.values("username")[:1]))


class Migration(migrations.Migration):
    dependencies = [("store", "0036_worker_process")]
    operations = [
        migrations.AddField(
            model_name="environment",
            name="owner_name",
            field=models.CharField(blank=True, db_default="", default="", max_length=150),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="environment",
            index=models.Index(fields=["workspace", "owner_name", "id"], name="environment_by_owner"),
        ),
    ]
