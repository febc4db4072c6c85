def after(colour):
    pass
