"use strict";
(function () {
  const figures = Array.from(document.querySelectorAll("figure.plot"));
  const canvases = figures.map((figure) => figure.querySelector(".canvas"));
  figures.forEach((figure, i) => {
    const { data, layout } = JSON.parse(figure.querySelector("script").textContent);
    canvases[i].style.height = layout.height + "px";
    Plotly.newPlot(canvases[i], data, layout, { displayModeBar: false, responsive: true });
  });
  // Paper is narrower than most screens: draw anew for it, and back again.
  const resize = (width) => {
    canvases.forEach((canvas) => {
      Plotly.relayout(canvas, { width: width && Math.min(width, canvas.clientWidth) });
    });
  };
  window.addEventListener("beforeprint", () => resize(640));
  window.addEventListener("afterprint", () => resize(null));
})();
