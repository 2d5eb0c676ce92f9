"""What was promised to clients: kept, compared with what is, judged, and moved on request.

Only `promising` writes a promise or an approval; everything else here reads.
"""
