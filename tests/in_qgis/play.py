"""What QGIS shows of a GeoPackage of zones, day by day; run by the Python that QGIS comes with.

Prints, as JSON, for each layer: whether it is temporal without being told, the days it spans, and
by day the zones shown in a frame of `hours` from its start.
"""

import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (  # type: ignore[import-not-found]
    QgsApplication,
    QgsDateTimeRange,
    QgsFeatureRequest,
    QgsProject,
    QgsTemporalUtils,
    QgsVectorLayer,
    QgsVectorLayerTemporalContext,
)
from qgis.PyQt.QtCore import QDate, QDateTime, QTime  # type: ignore[import-not-found]


def shown(layer: QgsVectorLayer, begin: QDateTime, hours: int) -> list[tuple[str, int]]:
    frame = QgsDateTimeRange(begin, begin.addSecs(3600 * hours), True, False)
    context = QgsVectorLayerTemporalContext()
    context.setLayer(layer)
    request = QgsFeatureRequest()
    request.setFilterExpression(layer.temporalProperties().createFilterString(context, frame))
    found = layer.getFeatures(request)
    return sorted((f["zone_id"], f.geometry().constGet().nCoordinates()) for f in found)


def main(path: str, first: str, days: int, layers: list[str]) -> None:
    said = {}
    for name in layers:
        layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
        layer.loadDefaultStyle()  # as QGIS itself does when a user adds a layer
        temporal = layer.temporalProperties()
        project = QgsProject()
        project.addMapLayer(layer, False)
        span = QgsTemporalUtils.calculateTemporalRangeForProject(project)
        start = QDate.fromString(first, "yyyy-MM-dd")
        frames = {}
        for number in range(-1, days + 1):
            day = start.addDays(number)
            for hour, hours in ((0, 24), (0, 1), (18, 6)):
                begin = QDateTime(day, QTime(hour, 0))
                key = f"{day.toString('yyyy-MM-dd')} {hour:02}+{hours}"
                frames[key] = shown(layer, begin, hours)
        said[name] = {
            "is_valid": layer.isValid(),
            "is_temporal": temporal.isActive(),
            "span": [span.begin().toString("yyyy-MM-dd"), span.end().toString("yyyy-MM-dd")],
            "frames": frames,
        }
    print(json.dumps(said))


application = QgsApplication([], False)
application.initQgis()
main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:])
