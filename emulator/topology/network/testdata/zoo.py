#!/usr/bin/env python3
"""Counts what the Internet Topology Zoo's graphs have, with networkx and no code of this project's.

usage: zoo.py DIRECTORY > zoo.csv        DIRECTORY: the graphs, and zoo.tar.xz if there is one
       zoo.py testdata > wayfarer.csv    the invented one

Columns: file, nodes, edges, parts (connected components), nodes of the largest part, edges within it, edges with
LinkSpeedRaw, the sum of LinkSpeedRaw in bit/s, edges whose both ends have a place, the sum of their great circles in km
(haversine, radius 6371.0088 km).
"""
import io
import math
import os
import sys
import tarfile

import networkx as nx


def km(p, q):
    (a, b), (c, d) = [tuple(map(math.radians, x)) for x in (p, q)]
    h = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(h))


def count(name, g):
    parts = sorted(nx.connected_components(g), key=len, reverse=True)
    inside = sum(1 for u, v in g.edges() if u in parts[0] and v in parts[0])
    raw = [float(d["LinkSpeedRaw"]) for _, _, d in g.edges(data=True) if "LinkSpeedRaw" in d]
    place = {n: (float(d["Latitude"]), float(d["Longitude"])) for n, d in g.nodes(data=True) if "Latitude" in d}
    lengths = [km(place[u], place[v]) for u, v in g.edges() if u in place and v in place]
    print(name, len(g), g.number_of_edges(), len(parts), len(parts[0]), inside, len(raw), int(sum(raw)), len(lengths),
          "%.6f" % math.fsum(lengths), sep=",")


def main(directory):
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        if name.endswith(".graphml"):
            count(name, nx.MultiGraph(nx.read_graphml(path)))
        elif name.endswith(".gml"):
            count(name, nx.MultiGraph(nx.read_gml(path, label="id")))
    if not os.path.exists(os.path.join(directory, "zoo.tar.xz")):
        return
    with tarfile.open(os.path.join(directory, "zoo.tar.xz")) as archive:
        for member in sorted(archive.getmembers(), key=lambda m: m.name):
            text = archive.extractfile(member).read()
            count("zoo.tar.xz/" + member.name, nx.MultiGraph(nx.read_graphml(io.BytesIO(text), force_multigraph=True)))


main(sys.argv[1])
