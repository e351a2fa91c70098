"""What the report page is filled from: template, style, player sources (data, scene, plots, player) and three.min.js.

three.min.js is built from three.js (MIT, three.LICENSE.txt) by ../player/build.mjs.
"""
