"""Projects are scripts, notebooks or apps."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0008_schedules'),
    ]

    operations = [
        migrations.AlterField(
            model_name='runtime',
            name='kind',
            field=models.CharField(choices=[('script', 'script'), ('notebook', 'notebook'), ('app', 'app')], max_length=16),
        ),
    ]
