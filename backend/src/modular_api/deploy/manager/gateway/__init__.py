"""nginx as a running process: started, watched, told of new places."""
