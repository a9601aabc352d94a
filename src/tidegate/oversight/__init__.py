"""Who does enough: how soon and how often organisations do what they are asked, with the uncertainty shown."""
