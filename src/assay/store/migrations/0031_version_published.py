"""An index by which lists of published versions are sorted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0030_keyset_indexes")]
    operations = [
        migrations.AddIndex(
            model_name="version",
            index=models.Index(fields=["status", "published_at", "id"], name="version_published"),
        )
    ]
