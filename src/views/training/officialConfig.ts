// A run's settings under the official configuration keys (vppo-algorithm: EasyR1's OmegaConf names), for experiment_config.json beside a
// log. What the official trainer has no key for stands under "playground". Pure.

import type { ConfigValue } from "@/formats/experimentLog";
import type { TrainSettings } from "@/protocol/training";

/** Flat names with dots → values. */
export function officialConfig(settings: TrainSettings, experiment: string): Readonly<Record<string, ConfigValue>> {
  const { policy, sampling, mask } = settings;
  const selects = policy.tokenSelection;
  return {
    "data.rollout_batch_size": settings.promptsPerStep,
    "data.max_response_length": sampling.maxNewTokens,
    "data.seed": settings.seed,
    "algorithm.adv_estimator": "grpo",
    "algorithm.disable_kl": policy.klCoef === 0,
    "algorithm.use_kl_loss": policy.klCoef > 0,
    "algorithm.kl_penalty": policy.klPenalty,
    "algorithm.kl_coef": policy.klCoef,
    "algorithm.online_filtering": settings.onlineFiltering,
    "algorithm.filter_key": "accuracy",
    "algorithm.filter_low": settings.filterLow,
    "algorithm.filter_high": settings.filterHigh,
    "algorithm.use_vppo_on_perception": selects === "dependency" || selects === "either",
    "algorithm.top_p_perception_tokens": policy.keepRatio,
    "algorithm.use_vppo_on_entropy": selects === "entropy" || selects === "either",
    "algorithm.top_p_entropy_tokens": policy.entropyKeepRatio,
    "algorithm.use_advantage_shaping": policy.shaping === "advantage",
    "algorithm.advantage_scaling_min": policy.betaMin,
    "algorithm.use_entropy_penalty": policy.entropyPenaltyCoef > 0,
    "algorithm.entropy_penalty_coef": policy.entropyPenaltyCoef,
    "worker.actor.global_batch_size": settings.promptsPerUpdate || settings.promptsPerStep,
    "worker.actor.ppo_epochs": settings.ppoEpochs,
    "worker.actor.clip_ratio_low": policy.clipLow,
    "worker.actor.clip_ratio_high": policy.clipHigh,
    "worker.actor.clip_ratio_dual": policy.clipDual,
    "worker.actor.loss_type": policy.lossType,
    "worker.actor.loss_avg_mode": policy.aggregation,
    "worker.actor.max_grad_norm": settings.maxGradNorm,
    "worker.actor.optim.lr": settings.learningRate,
    "worker.actor.optim.weight_decay": settings.weightDecay,
    "worker.actor.optim.warmup_style": settings.lrSchedule,
    "worker.actor.optim.lr_warmup_steps": settings.lrWarmupSteps,
    "worker.actor.optim.min_lr_ratio": settings.minLrRatio,
    "worker.rollout.n": settings.rolloutsPerPrompt,
    "worker.rollout.temperature": sampling.temperature,
    "worker.rollout.top_p": sampling.topP,
    "worker.rollout.top_k": sampling.topK === 0 ? -1 : sampling.topK,
    "worker.rollout.seed": sampling.seed,
    "trainer.project_name": "vppo-playground",
    "trainer.experiment_name": experiment,
    "trainer.max_steps": settings.maxSteps,
    "trainer.max_try_make_batch": settings.maxTryMakeBatch,
    "playground.task": settings.task,
    "playground.reward": settings.reward.kind,
    "playground.token_selection": selects,
    "playground.dependency_measure": policy.dependencyMeasure,
    "playground.shaping": policy.shaping,
    "playground.beta_max": policy.betaMax,
    "playground.papo_kl_coef": policy.papoKlCoef,
    "playground.mask_strategy": mask.strategy,
    "playground.mask_ratio": mask.ratio,
    "playground.trainable": settings.trainable,
    "playground.lora_rank": settings.loraRank,
    "playground.lora_alpha": settings.loraAlpha,
  };
}
