#!/bin/sh
# Started by the web host's mod_fcgid, as many times as there are requests at once, each with a
# connection to the database; it ends these processes too. setup puts the folder in, and this file
# into the web root.
exec '@FOLDER@/certwright' serve --single
