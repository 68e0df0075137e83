"""Names and colours of three sets of classes, in the order of their ids.

Each entry is a colour (RRGGBB) and a name; the first has id 0.
"""

# Names: nightrome/cocostuff, labels.txt, from 1 (person) to 182 (wood); ids are those less one, as
# taming-transformers numbers them. 'street sign', 'hat' and nine more have names, but COCO uses
# them on no picture. Colours: our own, those of landscapes near what they look like.
COCO_STUFF = """
d6364b person, 00b3a4 bicycle, 2456d6 car, 6a1fb0 motorcycle, 9fc3ff airplane, ffab00 bus,
7f1f3f train, 4a78ff truck, f2c84b boat, ffe600 traffic light, ff2a00 fire hydrant,
00a0ff street sign, d00000 stop sign, 6f7fb0 parking meter, 7d5a2a bench, 3b3f8f bird, ffa66b cat,
c98b4a dog, 94552b horse, efe6d2 sheep, 7a3f2a cow, 87919b elephant, 4d2f1f bear, 3a3a3a zebra,
e0a93a giraffe, b03a7a hat, 2f6f5f backpack, b000e0 umbrella, 5a2f4f shoe, 3f4f6f eye glasses,
c04f9f handbag, 7a0fff tie, 4f3faf suitcase, ff6fd0 frisbee, 00d0ff skis, 3f00ff snowboard,
ffff5a sports ball, ff4fa8 kite, cdaa64 baseball bat, a05f1e baseball glove, 00ffb0 skateboard,
ff8fe0 surfboard, bfff00 tennis racket, 007f4f bottle, ebe6ff plate, d8b0ff wine glass, 9fe8ff cup,
bebedc fork, a0a0c8 knife, d2d7b9 spoon, 7fc8b8 bowl, ffe24f banana, e02020 apple, e0a060 sandwich,
ff8000 orange, 2fa02f broccoli, ff6a1a carrot, c84f2f hot dog, ffb04f pizza, f0a0c0 donut,
ffd0d8 cake, b4552d chair, 8f4fa0 couch, 2fc05f potted plant, c08fd0 bed, b8e8f8 mirror,
96554b dining table, 8fd0f0 window, 7f6f4f desk, f0f5e1 toilet, 8c5019 door, 20203f tv,
5f6f8f laptop, bfa8d8 mouse, 3f2f5f remote, 6e697d keyboard, 2f8fff cell phone, 8ca59b microwave,
5f5050 oven, d09f7f toaster, afcddc sink, cdebe6 refrigerator, c8ff8f blender, 3f7f9f book,
d0b000 clock, 6f4fdf vase, ff5f5f scissors, be7d3c teddy bear, ff00d0 hair drier, 40e0d0 toothbrush,
a06080 hair brush, ff3f7f banner, d070a0 blanket, 6b4f32 branch, c49a6c bridge,
b08a78 building-other, 477a35 bush, aa694b cabinet, 70805f cage, beaa78 cardboard, a0486f carpet,
f5e1e6 ceiling-other, dce1cd ceiling-tile, d8a8b8 cloth, 9f6fc0 clothes, dfe7ee clouds,
e1b9aa counter, b4825f cupboard, e090b0 curtain, 906f5f desk-stuff, 8a5e3c dirt, aa554b door-stuff,
d8b48a fence, e0d8e0 floor-marble, b49b82 floor-other, aa9191 floor-stone, dcc8c3 floor-tile,
b99650 floor-wood, e7579f flower, b9c3c9 fog, f0904f food-other, f05f3f fruit,
9f7f6f furniture-other, 6aa84f grass, b9af9b gravel, a07f5a ground-other, 7e9a5a hill, c4673f house,
93c572 leaves, fff8a0 light, 6f5f8f mat, a0aab4 metal, 9bd2dc mirror-stuff, 6b7f2e moss,
77758c mountain, 5a4132 mud, ffe6fa napkin, 6fa0a0 net, ffffeb paper, 9a95a0 pavement,
ebd2f0 pillow, 7fb069 plant-other, 5fe0e0 plastic, b99ba0 platform, 4fbf7a playingfield,
8e9db0 railing, 6e5f5c railroad, 3f8fb5 river, 5b5b62 road, 8c8c88 rock, 8f3b2e roof, b05f5f rug,
9fd84f salad, e6cf9a sand, 1f5f95 sea, af9664 shelf, 87b8e8 sky-other, 7b93ad skyscraper,
f6f9fc snow, 7d9178 solid-other, aa96af stairs, a8a49a stone, d9b95a straw, 827d9b structural-other,
aa7d37 table, e8923c tent, bea0c3 textile-other, f5beaa towel, 24592b tree, 5fb950 vegetable,
a64b3a wall-brick, b4b4ae wall-concrete, cdc4b4 wall-other, cbb8a0 wall-panel, 9b967d wall-stone,
c9d6d3 wall-tile, af7d4b wall-wood, 5aa7c8 water-other, a9dcea waterdrops, c3d7f0 window-blind,
9bbee1 window-other, 9c6b3c wood
"""

# Names and colours: the SceneParsing benchmark of ADE20K (objectInfo150, color150) after 0, which
# is 'unlabeled'. There road and skyscraper share 8c8c8c; here skyscraper is slightly bluer.
ADE20K = """
000000 unlabeled, 787878 wall, b47878 building, 06e6e6 sky, 503232 floor, 04c803 tree,
787850 ceiling, 8c8c8c road, cc05ff bed, e6e6e6 windowpane, 04fa07 grass, e005ff cabinet,
ebff07 sidewalk, 96053d person, 787846 earth, 08ff33 door, ff0652 table, 8fff8c mountain,
ccff04 plant, ff3307 curtain, cc4603 chair, 0066c8 car, 3de6fa water, ff0633 painting, 0b66ff sofa,
ff0747 shelf, ff09e0 house, 0907e6 sea, dcdcdc mirror, ff095c rug, 7009ff field, 08ffd6 armchair,
07ffe0 seat, ffb806 fence, 0aff47 desk, ff290a rock, 07ffff wardrobe, e0ff08 lamp, 6608ff bathtub,
ff3d06 railing, ffc207 cushion, ff7a08 base, 00ff14 box, ff0829 column, ff0599 signboard,
0633ff chest of drawers, eb0cff counter, a09614 sand, 00a3ff sink, 8c8c96 skyscraper,
fa0a0f fireplace, 14ff00 refrigerator, 1fff00 grandstand, ff1f00 path, ffe000 stairs, 99ff00 runway,
0000ff case, ff4700 pool table, 00ebff pillow, 00adff screen door, 1f00ff stairway, 0bc8c8 river,
ff5200 bridge, 00fff5 bookcase, 003dff blind, 00ff70 coffee table, 00ff85 toilet, ff0000 flower,
ffa300 book, ff6600 hill, c2ff00 bench, 008fff countertop, 33ff00 stove, 0052ff palm,
00ff29 kitchen island, 00ffad computer, 0a00ff swivel chair, adff00 boat, 00ff99 bar,
ff5c00 arcade machine, ff00ff hovel, ff00f5 bus, ff0066 towel, ffad00 light, ff0014 truck,
ffb8b8 tower, 001fff chandelier, 00ff3d awning, 0047ff streetlight, ff00cc booth,
00ffc2 television receiver, 00ff52 airplane, 000aff dirt track, 0070ff apparel, 3300ff pole,
00c2ff land, 007aff bannister, 00ffa3 escalator, ff9900 ottoman, 00ff0a bottle, ff7000 buffet,
8fff00 poster, 5200ff stage, a3ff00 van, ffeb00 ship, 08b8aa fountain, 8500ff conveyer belt,
00ff5c canopy, b800ff washer, ff001f plaything, 00b8ff swimming pool, 00d6ff stool, ff0070 barrel,
5cff00 basket, 00e0ff waterfall, 70e0ff tent, 46b8a0 bag, a300ff minibike, 9900ff cradle,
47ff00 oven, ff00a3 ball, ffcc00 food, ff008f step, 00ffeb tank, 85ff00 trade name,
ff00eb microwave, f500ff pot, ff007a animal, fff500 bicycle, 0abed4 lake, d6ff00 dishwasher,
00ccff screen, 1400ff blanket, ffff00 sculpture, 0099ff hood, 0029ff sconce, 00ffcc vase,
2900ff traffic light, 29ff00 tray, ad00ff ashcan, 00f5ff fan, 4700ff pier, 7a00ff crt screen,
00ffb8 plate, 005cff monitor, b8ff00 bulletin board, 0085ff shower, ffd600 radiator, 19c2c2 glass,
66ff00 clock, 5c00ff flag
"""

# The eleven classes of CamVid that SegNet and its successors use, with their colours, and the rest.
CAMVID = """
808080 sky, 800000 building, c0c080 pole, 804080 road, 3c28de pavement, 808000 tree, c08080 sign,
404080 fence, 400080 car, 404000 pedestrian, 0080c0 bicyclist, 000000 unlabeled
"""
