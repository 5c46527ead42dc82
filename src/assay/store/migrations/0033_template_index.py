"""An index of templates, of which a workspace has few, for the page that offers them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0032_sort_columns")]
    operations = [
        migrations.AddIndex(
            model_name="environment",
            index=models.Index(
                condition=models.Q(("template", True)),
                fields=["workspace", "title", "id"],
                name="environment_templates",
            ),
        )
    ]
