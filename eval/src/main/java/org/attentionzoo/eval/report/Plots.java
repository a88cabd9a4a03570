package org.attentionzoo.eval.report;

import java.awt.Color;
import java.awt.Font;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.report.RunHistory.Point;
import org.attentionzoo.eval.report.RunHistory.Series;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Curves of one metric over one or several runs. Thread safety: stateless. */
public final class Plots {

  private static final int WIDTH = 640;
  private static final int HEIGHT = 360;
  private static final int MOST_POINTS = 400;
  private static final int DOTS_PER_INCH = 200;
  // Beyond, values are drawn in units of a power of ten. XChart never ends on axes of 1e15 and
  // has no ticks on those of small numbers.
  private static final double MOST_PLAIN = 1e6;
  private static final double LEAST_PLAIN = 1e-5;
  // Okabe and Ito's colours, which the colour-blind tell apart too.
  private static final List<Color> COLOURS =
      List.of(
          new Color(0x0072B2),
          new Color(0xD55E00),
          new Color(0x009E73),
          new Color(0xCC79A7),
          new Color(0xE69F00),
          new Color(0x56B4E9));

  private Plots() {}

  /**
   * The metrics of runs, without their split.
   *
   * @param runs at least one
   * @return names, {@code loss} first
   */
  public static List<String> metrics(List<RunHistory> runs) {
    TreeSet<String> names = new TreeSet<>();
    runs.forEach(
        run ->
            run.series().keySet().forEach(key -> names.add(key.substring(key.indexOf('/') + 1))));
    names.remove("seconds");
    List<String> ordered = new ArrayList<>(names);
    if (ordered.remove("loss")) {
      ordered.add(0, "loss");
    }
    return ordered;
  }

  /**
   * Draws a plot for print.
   *
   * @param metric for example {@code loss}
   * @param runs at least one that has it
   * @param file the PNG to write; its name ends in .png
   * @throws IOException if it cannot be written
   * @throws UserException if this Java cannot draw text
   */
  public static void png(String metric, List<RunHistory> runs, Path file) throws IOException {
    draw(
        () ->
            BitmapEncoder.saveBitmapWithDPI(
                chart(metric, runs),
                file.toString(),
                BitmapEncoder.BitmapFormat.PNG,
                DOTS_PER_INCH));
  }

  /**
   * A plot for the screen.
   *
   * @param metric for example {@code loss}
   * @param runs at least one that has it
   * @return an SVG
   * @throws UserException if this Java cannot draw text
   */
  public static byte[] svg(String metric, List<RunHistory> runs) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      draw(
          () ->
              VectorGraphicsEncoder.saveVectorGraphic(
                  chart(metric, runs), out, VectorGraphicsEncoder.VectorGraphicsFormat.SVG));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private interface Drawing {
    void run() throws IOException;
  }

  private static void draw(Drawing drawing) throws IOException {
    System.setProperty("java.awt.headless", "true");
    try {
      drawing.run();
    } catch (LinkageError | InternalError e) {
      throw new UserException(
          "this Java cannot draw text; install fontconfig and a font (on Debian: apt-get install"
              + " fontconfig fonts-dejavu-core)",
          e);
    }
  }

  private static XYChart chart(String metric, List<RunHistory> runs) {
    Map<String, Series> curves = new LinkedHashMap<>();
    Map<String, Integer> colours = new LinkedHashMap<>();
    for (int i = 0; i < runs.size(); i++) {
      RunHistory run = runs.get(i);
      for (Map.Entry<String, Series> entry : run.series().entrySet()) {
        int slash = entry.getKey().indexOf('/');
        if (entry.getKey().substring(slash + 1).equals(metric)) {
          String split = entry.getKey().substring(0, slash);
          String label = runs.size() == 1 ? split : (i + 1) + " " + run.name() + ", " + split;
          curves.put(label, entry.getValue());
          colours.put(label, i);
        }
      }
    }
    int power = power(curves.values());
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title(metric, power))
            .xAxisTitle("step")
            .build();
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setPlotBorderVisible(false);
    chart.getStyler().setYAxisDecimalPattern("#,##0.######");
    chart.getStyler().setLegendBorderColor(Color.WHITE);
    chart.getStyler().setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 14));
    curves.forEach(
        (label, curve) -> {
          List<Point> points = thinned(curve.points());
          double[] steps = points.stream().mapToDouble(Point::step).toArray();
          double[] values = points.stream().mapToDouble(p -> inUnits(p.value(), power)).toArray();
          XYSeries series = chart.addSeries(label, steps, values);
          boolean validation = label.endsWith("validation");
          int colour = runs.size() == 1 && validation ? 1 : colours.get(label);
          series.setLineColor(COLOURS.get(colour % COLOURS.size()));
          series.setMarkerColor(COLOURS.get(colour % COLOURS.size()));
          series.setMarker(
              validation || points.size() == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
          series.setLineStyle(validation ? SeriesLines.DASH_DASH : SeriesLines.SOLID);
          series.setLineWidth(1.5f);
        });
    return chart;
  }

  static String title(String metric, int power) {
    return metric.replace('_', ' ') + (power == 0 ? "" : ", in units of 1e" + power);
  }

  /** The power of ten in whose units the largest value is from 1 to 10; 0 where none is needed. */
  static int power(Collection<Series> curves) {
    double largest =
        curves.stream()
            .flatMap(curve -> curve.points().stream())
            .mapToDouble(point -> Math.abs(point.value()))
            .filter(Double::isFinite)
            .max()
            .orElse(0);
    boolean plain = largest == 0 || largest >= LEAST_PLAIN && largest <= MOST_PLAIN;
    return plain ? 0 : (int) Math.floor(Math.log10(largest));
  }

  /** In two steps, as 1e-320 has few digits. */
  private static double inUnits(double value, int power) {
    int half = power / 2;
    return value / Math.pow(10, half) / Math.pow(10, power - half);
  }

  /** At most so many points, each the mean of its neighbours; the ends stay. */
  private static List<Point> thinned(List<Point> points) {
    List<Point> finite = points.stream().filter(p -> Double.isFinite(p.value())).toList();
    if (finite.isEmpty()) {
      return List.of(new Point(0, 0));
    }
    if (finite.size() <= MOST_POINTS) {
      return finite;
    }
    List<Point> thin = new ArrayList<>();
    for (int i = 0; i < MOST_POINTS; i++) {
      int from = (int) ((long) i * finite.size() / MOST_POINTS);
      int to = (int) ((long) (i + 1) * finite.size() / MOST_POINTS);
      List<Point> part = finite.subList(from, to);
      thin.add(
          new Point(
              part.get(part.size() - 1).step(),
              part.stream().mapToDouble(Point::value).average().orElseThrow()));
    }
    return thin;
  }
}
