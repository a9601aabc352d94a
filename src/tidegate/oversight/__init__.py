"""What providers do and how fast, and what an authority may ask of one of them, step by step."""
