package org.attentionzoo.datasets.audio;

import org.attentionzoo.blocks.UserException;

/** Sounds as what models read: tokens, or images of their frequencies. */
public final class Sounds {

  private static final int LEVELS = 256;
  private static final double MU = LEVELS - 1;
  private static final double FLOOR = 1e-6;

  private Sounds() {}

  /**
   * Samples as 8-bit mu-law tokens (ITU-T G.711's curve), 0 to 255; silence is 128.
   *
   * @param wave the sound
   * @param length how many tokens; what is longer is cut off
   * @param step every how many-th sample is taken
   * @return at most so many tokens
   */
  public static long[] tokens(Wave wave, int length, int step) {
    int count = Math.min(length, (wave.samples().length - 1) / step + 1);
    long[] tokens = new long[Math.max(count, 1)];
    tokens[0] = LEVELS / 2;
    for (int i = 0; i < count && !(wave.samples().length == 0); i++) {
      double x = wave.samples()[i * step];
      double curved = Math.signum(x) * Math.log1p(MU * Math.abs(x)) / Math.log1p(MU);
      tokens[i] = Math.max(0, Math.min(LEVELS - 1, Math.round((curved + 1) / 2 * MU)));
    }
    return tokens;
  }

  /**
   * A log spectrogram as a square: frames of the short-time Fourier transform under a Hann window,
   * their power in bands of equal width on the mel scale, the logarithm, then less its mean and
   * divided by its deviation. The sound is put into {@code seconds}, cut off or filled up by
   * silence.
   *
   * @param wave the sound
   * @param size how many bands and how many frames
   * @param seconds how long a stretch is shown
   * @return size x size, the bands from low to high, row by row
   */
  public static float[] spectrogram(Wave wave, int size, double seconds) {
    int total = (int) Math.round(seconds * wave.rate());
    int hop = total / size;
    if (hop < 1 || size < 2) {
      throw new UserException(
          "size=" + size + " and seconds=" + seconds + " do not fit a rate of " + wave.rate());
    }
    int frame = Integer.highestOneBit(Math.max(64, 2 * hop - 1)) * 2;
    double[][] bands = bands(size, frame, wave.rate());
    float[] image = new float[size * size];
    double[] real = new double[frame];
    double[] imaginary = new double[frame];
    double sum = 0;
    for (int t = 0; t < size; t++) {
      for (int i = 0; i < frame; i++) {
        int at = t * hop + i;
        double window = 0.5 - 0.5 * Math.cos(2 * Math.PI * i / frame);
        real[i] = at < wave.samples().length && at < total ? wave.samples()[at] * window : 0;
        imaginary[i] = 0;
      }
      transform(real, imaginary);
      for (int b = 0; b < size; b++) {
        double power = 0;
        for (int k = 0; k < bands[b].length; k++) {
          power += bands[b][k] * (real[k] * real[k] + imaginary[k] * imaginary[k]);
        }
        image[b * size + t] = (float) Math.log(power + FLOOR);
        sum += image[b * size + t];
      }
    }
    double mean = sum / image.length;
    double squares = 0;
    for (float value : image) {
      squares += (value - mean) * (value - mean);
    }
    double deviation = Math.sqrt(squares / image.length + 1e-8);
    for (int i = 0; i < image.length; i++) {
      image[i] = (float) ((image[i] - mean) / deviation);
    }
    return image;
  }

  /** Triangles that overlap by half, of equal width on the mel scale. */
  private static double[][] bands(int count, int frame, int rate) {
    double top = mel(rate / 2.0);
    double[][] bands = new double[count][frame / 2 + 1];
    for (int b = 0; b < count; b++) {
      for (int k = 0; k <= frame / 2; k++) {
        double place = mel((double) k * rate / frame) / top * (count + 1) - (b + 1);
        bands[b][k] = Math.max(0, 1 - Math.abs(place));
      }
      int centre = (int) Math.round(hertz(top * (b + 1) / (count + 1)) * frame / rate);
      bands[b][centre] = Math.max(bands[b][centre], 0.5); // narrow bands may fall between lines
    }
    return bands;
  }

  private static double mel(double hertz) {
    return 2595 * Math.log10(1 + hertz / 700);
  }

  private static double hertz(double mel) {
    return 700 * (Math.pow(10, mel / 2595) - 1);
  }

  /** The discrete Fourier transform in place; the length is a power of two. */
  static void transform(double[] real, double[] imaginary) {
    int n = real.length;
    for (int i = 1, j = 0; i < n; i++) {
      int bit = n >> 1;
      for (; (j & bit) != 0; bit >>= 1) {
        j ^= bit;
      }
      j ^= bit;
      if (i < j) {
        double swap = real[i];
        real[i] = real[j];
        real[j] = swap;
        swap = imaginary[i];
        imaginary[i] = imaginary[j];
        imaginary[j] = swap;
      }
    }
    for (int length = 2; length <= n; length <<= 1) {
      double angle = -2 * Math.PI / length;
      for (int start = 0; start < n; start += length) {
        for (int k = 0; k < length / 2; k++) {
          double c = Math.cos(angle * k);
          double s = Math.sin(angle * k);
          int a = start + k;
          int b = a + length / 2;
          double re = real[b] * c - imaginary[b] * s;
          double im = real[b] * s + imaginary[b] * c;
          real[b] = real[a] - re;
          imaginary[b] = imaginary[a] - im;
          real[a] += re;
          imaginary[a] += im;
        }
      }
    }
  }
}
