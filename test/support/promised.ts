/** The model ids that the product promises (openai.md 7.2). */
export const PROMISED: readonly string[] = [
  'gpt-4o, gpt-4o-audio, gpt-4o-realtime, gpt-4o-search-preview, gpt-4o-transcribe, gpt-4o-mini',
  'gpt-4o-mini-audio, gpt-4o-mini-realtime, gpt-4o-mini-search-preview, gpt-4o-mini-transcribe, gpt-4o-mini-tts',
  'gpt-4-turbo, gpt-4.1, gpt-4, o3, o3-pro, o3-mini, o3-deep-research, o4-mini, o4-mini-deep-research',
  'o1-preview, o1-mini, whisper-1, gemini-2.5-pro, gemini-2.5-flash, gemini-2.0-flash',
].flatMap((line) => line.split(', '))
