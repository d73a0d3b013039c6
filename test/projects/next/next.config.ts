import type { NextConfig } from 'next'

export default {
  serverExternalPackages: ['daybook', 'mongoose'],
} satisfies NextConfig
