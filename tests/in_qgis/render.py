"""Run by the Python that QGIS brings: opens a GeoPackage as a person would and draws it.

    QT_QPA_PLATFORM=offscreen /usr/bin/python3 render.py x.gpkg FOLDER < wanted.json

``wanted`` has the layers to open, pictures (name, layers from the top down, box, size in pixels,
points around which the colours of a square are counted, the day of the temporal controller if any),
and styles as SLD to draw the same with.
Pictures and what was seen, ``seen.json``, go into the folder. No style is named: QGIS has to find
the one in the file.
"""

import json
import os
import sys
from collections import Counter
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsDateTimeRange,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QDateTime, QSize, QTime
from qgis.PyQt.QtGui import QColor

HALF = 12  # of the square around a point, in pixels


def opened(path, name):
    # In the order of QGIS itself: a style that is loaded with the layer loses what it says of time.
    options = QgsVectorLayer.LayerOptions(loadDefaultStyle=False)
    layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr", options)
    assert layer.isValid(), name
    layer.loadDefaultStyle()
    return layer


def described(layer):
    renderer = layer.renderer()
    legend = renderer.legendSymbolItems() if renderer else []
    fields = layer.fields()
    return {
        "rows": layer.featureCount(),
        "renderer": renderer.type() if renderer else "",
        "legend": [item.label() for item in legend],
        "columns": [field.name() for field in fields],
        "aliases": {f.name(): layer.attributeAlias(n) for n, f in enumerate(fields)},
        "widgets": {f.name(): layer.editorWidgetSetup(n).type() for n, f in enumerate(fields)},
        "tip": tip_of(layer),
    }


def tip_of(layer):
    """What QGIS shows when the pointer rests on the first row."""
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.setFeature(next(layer.getFeatures()))
    return QgsExpression.replaceExpressionText(layer.mapTipTemplate(), context)


def drawn(picture, layers, path):
    settings = QgsMapSettings()
    settings.setLayers([layers[name] for name in picture["layers"]])
    settings.setDestinationCrs(layers[picture["layers"][0]].crs())
    settings.setBackgroundColor(QColor("white"))
    settings.setOutputDpi(96)
    settings.setOutputSize(QSize(*picture["size"]))
    settings.setExtent(QgsRectangle(*picture["box"]))
    if "day" in picture:
        begin = QDateTime(QDate.fromString(picture["day"], "yyyy-MM-dd"), QTime(0, 0))
        settings.setIsTemporal(True)
        settings.setTemporalRange(QgsDateTimeRange(begin, begin.addDays(1), True, False))
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    faults = [f"{fault.layerID}: {fault.message}" for fault in job.errors()]
    assert not faults, faults
    image = job.renderedImage()
    image.save(path)
    to_pixel = settings.mapToPixel()
    seen = {}
    for name, (lon, lat) in picture.get("points", {}).items():
        at = to_pixel.transform(QgsPointXY(lon, lat))
        around = (
            image.pixelColor(int(at.x()) + dx, int(at.y()) + dy).name()
            for dx in range(-HALF, HALF)
            for dy in range(-HALF, HALF)
        )
        seen[name] = Counter(around).most_common()
    return seen


def pictures(wanted, layers, folder, ending):
    return {
        picture["name"]: drawn(picture, layers, str(folder / f"{picture['name']}{ending}.png"))
        for picture in wanted["pictures"]
    }


def main(path, folder):
    wanted, folder = json.load(sys.stdin), Path(folder)
    application = QgsApplication([], False)
    application.initQgis()
    layers = {name: opened(path, name) for name in wanted["layers"]}
    QgsProject.instance().addMapLayers(list(layers.values()))
    seen = {
        "version": Qgis.QGIS_VERSION,
        "layers": {name: described(layer) for name, layer in layers.items()},
        "pictures": pictures(wanted, layers, folder, ""),
    }
    for name, text in wanted.get("sld", {}).items():
        file = folder / f"{name}.sld"
        file.write_text(text, encoding="utf-8")
        said, fine = layers[name].loadSldStyle(str(file))
        assert fine, said
    seen["by_sld"] = pictures(wanted, layers, folder, "-sld")
    (folder / "seen.json").write_text(json.dumps(seen, ensure_ascii=False), encoding="utf-8")
    os._exit(0)  # leaving QGIS in order may crash it


main(*sys.argv[1:])
