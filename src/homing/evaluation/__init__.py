"""Reports against baselines: what models that knew only the past say of what leads did next."""
