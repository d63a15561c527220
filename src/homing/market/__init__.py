"""What is for sale: homes under their RESO names, every version of each, and an immutable columnar view for serving."""
