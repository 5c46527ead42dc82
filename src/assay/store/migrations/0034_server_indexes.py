"""Indexes of servers: few of them run, which the worker asks for all the time; a page shows those of a person."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0033_template_index")]
    operations = [
        migrations.AddIndex(
            model_name="server",
            index=models.Index(fields=["state"], name="server_by_state"),
        ),
        migrations.AddIndex(
            model_name="server",
            index=models.Index(fields=["workspace", "person", "-created_at"], name="server_of_person"),
        ),
    ]
