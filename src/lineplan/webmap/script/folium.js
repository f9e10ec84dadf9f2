/* What folium's own layers expect of the page, without jQuery, Bootstrap or any request. */
(function () {
  "use strict";
  // folium wraps the HTML of a popup in $(`...`)[0].
  window.$ = window.$ || function (html) {
    const template = document.createElement("template");
    template.innerHTML = String(html).trim();
    return [template.content.firstElementChild];
  };
  // folium.Icon asks for awesome-markers; a plain pin in the same colour stands in for it.
  L.AwesomeMarkers = L.AwesomeMarkers || {
    icon(options) {
      const pin = document.createElement("span");
      pin.className = "lp-pin";
      pin.style.background = options.markerColor || "#3b3f43";
      return L.divIcon({ html: pin, className: "lp-anchor", iconSize: [0, 0], popupAnchor: [0, -22] });
    },
  };
})();
