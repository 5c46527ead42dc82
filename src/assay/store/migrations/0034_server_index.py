"""An index of servers by state: few of them run, and the worker asks for those all the time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0033_template_index")]
    operations = [
        migrations.AddIndex(
            model_name="server",
            index=models.Index(fields=["state"], name="server_by_state"),
        )
    ]
