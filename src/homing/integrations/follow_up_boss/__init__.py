"""What websites send to Follow Up Boss, in our words."""
