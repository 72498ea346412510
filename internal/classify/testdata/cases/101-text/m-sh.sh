#!/bin/sh
# text about it, at some length, that goes on and on for a while.
SSN: 421-85-3825
visa card 4716689889419872
