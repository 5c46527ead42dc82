"""The commit whose files ran."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0009_notebooks'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='commit',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
    ]
