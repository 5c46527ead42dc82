"""The pages of Runtimes: projects, runs, apps, secrets."""
