"""Code that says what it needs: notebooks, scripts, Dockerfiles."""
