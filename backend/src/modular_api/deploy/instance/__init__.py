"""The process that serves an instance: started by a manager, and obeying its signals."""
