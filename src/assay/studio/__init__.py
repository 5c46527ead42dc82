"""JupyterHub: choosing an environment at server launch; kernels."""
