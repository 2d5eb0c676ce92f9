"""The app made of modules: factory, lifespan, and what it answers itself."""
