"""Trial runs in another version."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0011_apps'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='trial',
            field=models.BooleanField(default=False),
        ),
    ]
