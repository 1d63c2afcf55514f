/* Draws every canvas that carries its data in data-kith-chart, in the colours of the theme, also those that come later. */
(() => {
  let charts = [];

  const colour = (name) => {
    // Chart.js cannot read oklch(): the browser turns it into rgb on a canvas of one pixel.
    const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    context.fillStyle = value;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
    return `rgb(${red}, ${green}, ${blue})`;
  };

  const number = (value) => value.toLocaleString("en-GB", { maximumFractionDigits: 2 });

  const draw = (canvas) => {
    const data = JSON.parse(canvas.dataset.kithChart);
    const isDark = document.documentElement.classList.contains("dark");
    const text = colour(isDark ? "--color-base-400" : "--color-base-500");
    const grid = colour(isDark ? "--color-base-800" : "--color-base-200");
    const palette = [colour(isDark ? "--color-primary-600" : "--color-primary-500"), "rgb(217, 119, 6)", text];
    const unit = data.unit ? ` ${data.unit}` : "";
    return new Chart(canvas, {
      type: "bar",
      data: {
        labels: data.labels,
        datasets: data.series.map((series, index) => ({
          label: series.label,
          type: series.shape,
          data: series.values,
          order: series.shape === "line" ? 0 : 1,
          backgroundColor: palette[index % palette.length],
          borderColor: palette[index % palette.length],
          borderWidth: series.shape === "line" ? 2 : 0,
          borderRadius: 3,
          pointRadius: data.labels.length > 40 ? 0 : 2.5,
          maxBarThickness: 28,
        })),
      },
      options: {
        responsive: true,
        maintainAspectRatio: false,
        animation: false,
        interaction: { mode: "index", intersect: false },
        plugins: {
          legend: { position: "top", align: "end", labels: { color: text, boxWidth: 12, boxHeight: 12 } },
          tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${number(item.parsed.y)}${unit}` } },
        },
        scales: {
          x: { grid: { display: false }, ticks: { color: text, maxRotation: 0, autoSkipPadding: 12 }, border: { color: grid } },
          y: { beginAtZero: true, grid: { color: grid }, border: { display: false }, ticks: { color: text, maxTicksLimit: 6, callback: (value) => number(value) } },
        },
      },
    });
  };

  const drawNew = () => {
    charts = charts.filter((chart) => chart.canvas?.isConnected || chart.destroy());
    document.querySelectorAll("canvas[data-kith-chart]").forEach((canvas) => {
      if (!Chart.getChart(canvas)) charts.push(draw(canvas));
    });
  };

  const drawAgain = () => {
    charts.splice(0).forEach((chart) => chart.destroy());
    drawNew();
  };

  window.addEventListener("load", () => {
    drawNew();
    document.body.addEventListener("htmx:afterSettle", drawNew);
    new MutationObserver(drawAgain).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  });
})();
