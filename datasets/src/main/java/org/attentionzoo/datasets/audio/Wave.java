package org.attentionzoo.datasets.audio;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.attentionzoo.blocks.UserException;

/**
 * A sound, from a WAV file (RIFF) of PCM with 8, 16, 24 or 32 bits or of 32-bit floats; several
 * channels become their mean.
 *
 * @param rate samples a second
 * @param samples from -1 to 1
 */
public record Wave(int rate, float[] samples) {

  private static final int RIFF = 0x46464952;
  private static final int WAVE = 0x45564157;
  private static final int FORMAT = 0x20746d66;
  private static final int DATA = 0x61746164;
  private static final int PCM = 1;
  private static final int FLOAT = 3;
  private static final int EXTENSIBLE = 0xfffe;

  /**
   * Reads a file's bytes.
   *
   * @param bytes the whole file
   * @param name what to call it
   * @return the sound
   * @throws UserException if it is no such file, or cut off
   */
  public static Wave parse(byte[] bytes, String name) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.length < 12 || in.getInt(0) != RIFF || in.getInt(8) != WAVE) {
      throw new UserException(name + " is no WAV file: it does not begin with RIFF and WAVE");
    }
    int at = 12;
    int kind = 0;
    int channels = 0;
    int rate = 0;
    int bits = 0;
    while (at + 8 <= bytes.length) {
      int chunk = in.getInt(at);
      long size = in.getInt(at + 4) & 0xffffffffL;
      at += 8;
      if (size > bytes.length - at) {
        throw new UserException(
            name + " is cut off: a part of " + size + " bytes has " + (bytes.length - at));
      }
      if (chunk == FORMAT && size >= 16) {
        kind = in.getShort(at) & 0xffff;
        channels = in.getShort(at + 2);
        rate = in.getInt(at + 4);
        bits = in.getShort(at + 14);
        if (kind == EXTENSIBLE && size >= 26) {
          kind = in.getShort(at + 24) & 0xffff;
        }
      } else if (chunk == DATA) {
        return new Wave(rate, samples(in, at, (int) size, kind, channels, bits, name));
      }
      at += (int) (size + (size & 1));
    }
    throw new UserException(name + " has no sound: the part 'data' is missing");
  }

  private static float[] samples(
      ByteBuffer in, int at, int size, int kind, int channels, int bits, String name) {
    boolean pcm = kind == PCM && (bits == 8 || bits == 16 || bits == 24 || bits == 32);
    boolean floats = kind == FLOAT && bits == 32;
    if (!pcm && !floats || channels < 1 || channels > 64) {
      throw new UserException(
          name
              + " has format "
              + kind
              + " with "
              + bits
              + " bits and "
              + channels
              + " channels; expected PCM of 8, 16, 24 or 32 bits, or 32-bit floats");
    }
    int width = bits / 8;
    float[] samples = new float[size / (width * channels)];
    for (int i = 0; i < samples.length; i++) {
      double sum = 0;
      for (int c = 0; c < channels; c++) {
        int place = at + (i * channels + c) * width;
        sum +=
            switch (floats ? 0 : bits) {
              case 8 -> ((in.get(place) & 0xff) - 128) / 128.0;
              case 16 -> in.getShort(place) / 32768.0;
              case 24 -> ((in.getShort(place) & 0xffff) | in.get(place + 2) << 16) / 8388608.0;
              case 32 -> in.getInt(place) / 2147483648.0;
              default -> in.getFloat(place);
            };
      }
      samples[i] = (float) (sum / channels);
      if (!Float.isFinite(samples[i])) {
        throw new UserException(name + " has a sample that is no number");
      }
    }
    return samples;
  }
}
