"""Apps: restarts, sharing, and the applications that administrators add."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0010_repositories'),
    ]

    operations = [
        migrations.CreateModel(
            name='Application',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(max_length=32, unique=True)),
                ('argv', models.JSONField()),
                ('needs', models.CharField(blank=True, default='', max_length=200)),
                ('health', models.CharField(default='/', max_length=200)),
            ],
        ),
        migrations.AddField(
            model_name='run',
            name='healthy_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='port',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='runtime',
            name='again_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='runtime',
            name='app',
            field=models.CharField(blank=True, default='', max_length=32),
        ),
        migrations.AddField(
            model_name='runtime',
            name='falls',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='runtime',
            name='serving',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='store.run'),
        ),
        migrations.AddField(
            model_name='runtime',
            name='shared',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='runtime',
            name='wanted',
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name='launch',
            name='kind',
            field=models.CharField(choices=[('studio', 'studio'), ('run', 'run'), ('app', 'app'), ('kernel', 'kernel'), ('pull', 'pull')], max_length=16),
        ),
    ]
