"""Builds VecheSans-Medium.ttf: Onest in weight 500 with Inter's Greek.

build.py FOLDER_OF_ONEST FOLDER_OF_INTER, the `files` folders of the npm packages
@fontsource-variable/onest and @fontsource-variable/inter. Needs fonttools, brotli.
"""
import sys
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem
from fontTools.varLib.instancer import instantiateVariableFont
from fontTools.merge import Merger, Options
from fontTools import subset
base=sys.argv[1]+'/onest-%s-wght-normal.woff2'
files=[]
seen=set()
parts=[(p,base%p) for p in ['latin','latin-ext','vietnamese','cyrillic','cyrillic-ext','symbols']]+[('greek',sys.argv[2]+'/inter-greek-wght-normal.woff2'),('greek-ext',sys.argv[2]+'/inter-greek-ext-wght-normal.woff2')]
for part,path in parts:
    f=TTFont(path); f.flavor=None
    instantiateVariableFont(f,{'wght':500},inplace=True)
    if f['head'].unitsPerEm!=1000: scale_upem(f,1000)
    keep=[c for c in f.getBestCmap() if c not in seen]
    seen|=set(keep)
    o=subset.Options(); o.hinting=False; o.layout_features=['kern','mark','mkmk','locl','ccmp','calt']; o.notdef_outline=True
    s=subset.Subsetter(o); s.populate(unicodes=keep); s.subset(f)
    for t in ('STAT','MVAR','HVAR','gasp','prep','DSIG'):
        if t in f: del f[t]
    n=f'{part}.ttf'; f.save(n); files.append(n); print(part,len(keep))
m=Merger(Options()) ; f=m.merge(files)
for r in list(f['name'].names):
    if r.nameID in (1,4,16): f['name'].setName('Veche Sans',r.nameID,r.platformID,r.platEncID,r.langID)
    elif r.nameID==6: f['name'].setName('VecheSans-Medium',6,r.platformID,r.platEncID,r.langID)
    elif r.nameID in (2,17): f['name'].setName('Medium' if r.nameID==17 else 'Regular',r.nameID,r.platformID,r.platEncID,r.langID)
    elif r.nameID in (0,): f['name'].setName('Copyright 2021 The Onest Project Authors (https://github.com/simpals/onest). Greek: Copyright 2016 The Inter Project Authors (https://github.com/rsms/inter).',0,r.platformID,r.platEncID,r.langID)
# The weight of most fonts that stand in for missing letters: see text.rs.
f['OS/2'].usWeightClass=400
f.save('VecheSans-Medium.ttf')
