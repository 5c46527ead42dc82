"""Rename the resolve request of a build to `request`."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("store", "0019_check_names")]
    operations = [migrations.RenameField(model_name="build", old_name="question", new_name="request")]
