"""Voices: which note sounds in which slot, and the laws of one voice: levels, pitch, time. (Laws are compiled.)"""
